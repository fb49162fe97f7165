-- Looks at all that is stored of one id and says what does not fit together; mends it when told to.
-- KEYS: job, env, result, scheduled, dead, unknown, dead bytes, three inboxes (normal, high, low),
--       events, stats, stats of the minute, active of the job's worker, reply list (or the events
--       key where there is none)
-- ARGV: 1 id, 2 1 = the id is known to be in an inbox or on a claim list, 3 worker and 4 reply list
--       whose keys are given, 5 ttl_ms of a job that ends here, 6 1 = mend, then the findings to
--       mend: those of an earlier look
-- Returns the findings: of a look, all; of a mending, those that were there again and are mended.
-- An id that is on its way from one place to another may look wrong for a moment where the look at
-- its places was not atomic with this: so only what is found twice counts.
local job, env, result, scheduled, dead, unknown, dead_bytes =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local inboxes, events, stats = {KEYS[8], KEYS[9], KEYS[10]}, KEYS[11], {KEYS[12], KEYS[13]}
local active, reply = KEYS[14], KEYS[15]
local id, placed, ttl = ARGV[1], ARGV[2] == '1', ARGV[5]
local now = now_ms()
local is -- all that is stored, as read()

local function read()
  local was = redis.call('HMGET', job, 'state', 'worker', 'reply_to', 'priority', 'effect', 'due_ms',
    'finished_ms', 'sent', 'enqueued_ms')
  is = {state = was[1], worker = was[2] or '', reply_to = was[3] or '', priority = was[4],
    effect = was[5], due = tonumber(was[6]), finished = tonumber(was[7]),
    sent = tonumber(was[8]) or 0, enqueued = tonumber(was[9]),
    env = redis.call('EXISTS', env) == 1, result = redis.call('EXISTS', result) == 1,
    scheduled = redis.call('ZSCORE', scheduled, id), dead = redis.call('ZSCORE', dead, id),
    unknown = redis.call('ZSCORE', unknown, id), bytes = redis.call('HEXISTS', dead_bytes, id) == 1,
    active = redis.call('HEXISTS', active, id) == 1}
  is.listed = is.dead or is.unknown
end

local function in_an_inbox()
  if placed then return true end
  for i = 1, 3 do
    if redis.call('LPOS', inboxes[i], id) then return true end
  end
  return false
end

local function requeue()
  redis.call('HSET', job, 'state', 'queued')
  redis.call('RPUSH', inbox_of(inboxes, is.priority), id)
end

local function keep_bytes()
  local bytes = redis.call('STRLEN', env)
  forget_bytes(dead_bytes, id)
  redis.call('HSET', dead_bytes, id, bytes)
  redis.call('HINCRBY', dead_bytes, '*', bytes)
end

local function unlist(index, other)
  redis.call('ZREM', index, id)
  if not other then forget_bytes(dead_bytes, id) end
end

-- One row per finding: name, whether it is so, what mends it.
local rows = {
  {'lost_envelope', function()
    return not is.env and (is.state == 'queued' or is.state == 'scheduled'
      or is.state == 'running' and not is.active)
  end, function()
    redis.call('HSET', job, 'state', 'dead', 'finished_ms', now, 'total_ms',
      now - (is.enqueued or now), 'error_class', 'internal', 'error_message',
      'the stored envelope is missing')
    redis.call('HDEL', job, 'reason', 'due_ms')
    redis.call('HINCRBY', job, 'fence', 1)
    redis.call('PEXPIRE', job, ttl)
    redis.call('ZREM', scheduled, id)
    if is.reply_to ~= '' then
      redis.call('LPUSH', reply, id)
      redis.call('PEXPIRE', reply, ttl)
    end
    count(stats, 'dead_total', 1)
    event(events, id, 'dead', is.effect, now)
  end},
  {'lost_queued', function()
    return is.state == 'queued' and is.env and not in_an_inbox()
  end, requeue},
  {'lost_running', function()
    return is.state == 'running' and is.env and not is.active
  end, function()
    -- Whether a request was out went with the entry: where one ever left, it may have been.
    if is.sent > 0 then
      redis.call('HINCRBY', job, 'attempts', 1)
      redis.call('HINCRBY', job, 'unknowns', 1)
      redis.call('HSET', job, 'error_class', 'lost_worker', 'error_message',
        'no worker had the job any more')
    end
    requeue()
    event(events, id, 'queued', is.effect, now)
  end},
  {'lost_scheduled', function()
    return is.state == 'scheduled' and is.env and not is.scheduled
  end, function()
    redis.call('ZADD', scheduled, is.due or now, id)
  end},
  {'stray_scheduled', function()
    return is.scheduled and is.state ~= 'scheduled'
  end, function()
    redis.call('ZREM', scheduled, id)
  end},
  {'stray_result', function()
    return is.result and not is.state
  end, function()
    redis.call('DEL', result)
  end},
  {'stray_dead', function()
    return is.dead and is.state ~= 'dead'
  end, function()
    unlist(dead, is.unknown)
  end},
  {'stray_unknown', function()
    return is.unknown and is.state ~= 'unknown'
  end, function()
    unlist(unknown, is.dead)
  end},
  {'unlisted', function()
    return is.env and (is.state == 'dead' and not is.dead or is.state == 'unknown' and not is.unknown)
  end, function()
    redis.call('ZADD', is.state == 'dead' and dead or unknown, is.finished or now, id)
    keep_bytes()
  end},
  {'stray_bytes', function()
    return is.bytes and not is.listed
  end, function()
    forget_bytes(dead_bytes, id)
  end},
  {'missing_bytes', function()
    return is.listed and is.env and not is.bytes
  end, keep_bytes},
}

read()
if is.worker ~= ARGV[3] or is.reply_to ~= ARGV[4] then return {} end
local wanted, findings = {}, {}
for i = 7, #ARGV do wanted[ARGV[i]] = true end
for _, row in ipairs(rows) do
  local name, is_so, mend = row[1], row[2], row[3]
  if ARGV[6] ~= '1' then
    if is_so() then findings[#findings + 1] = name end
  elseif wanted[name] and is_so() then
    mend()
    read()
    findings[#findings + 1] = name
  end
end
return findings
