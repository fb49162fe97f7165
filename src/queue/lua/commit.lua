-- The end of one run of a job: terminal, to be tried again, or handed back.
-- KEYS: job, env, active, scheduled, dead, dead bytes, unknown, events, stats, stats of the minute,
--       three inboxes (normal, high, low), reply list, photo (or the events key where there is none
--       of these), result, result:1, ... (one per result)
-- ARGV: 1 id, 2 fence, 3 action, 4 delay_ms, 5 reason, 6 attempts to add, 7 1 = the last call was not
--       sent, 8 unknowns to add, 9 ttl_ms, 10 deadline_ms, 11 reply wanted (0 or 1), 12 lock on the
--       photo (or nothing), 13 digest that the result has in the photo's record (or nothing),
--       14 results, then the results, then pairs of status fields and values
-- Actions: done dead unknown canceled expired (terminal), retry (scheduled), back (to the inbox)
-- Returns {answer, state}:
--   done      recorded
--   late      recorded: a success whose lease had lapsed, of a job that was still open
--   repeated  this commit had its effect before
--   stale     the job is no longer ours: nothing was changed
local job, env, active, scheduled, dead, dead_bytes, unknown, events =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local stats = {KEYS[9], KEYS[10]}
local inboxes = {KEYS[11], KEYS[12], KEYS[13]}
local reply, photo, first_result = KEYS[14], KEYS[15], 16
local id, fence, action = ARGV[1], ARGV[2], ARGV[3]
local ttl, deadline = tonumber(ARGV[9]), tonumber(ARGV[10])
local lock, digest = ARGV[12], ARGV[13]
local results = tonumber(ARGV[14])
local now = now_ms()

local entry = redis.call('HGET', active, id)
if entry and string.match(entry, '^%d+:(%d+):') == fence then redis.call('HDEL', active, id) end
if lock ~= '' and redis.call('HGET', photo, 'lock') == lock then
  redis.call('HDEL', photo, 'lock', 'lock_ms')
end

local was = redis.call('HMGET', job, 'state', 'fence', 'enqueued_ms', 'effect', 'priority')
local state, answer = was[1], 'done'
if not state or TERMINAL[state] then
  return {was[2] == fence and 'repeated' or 'stale', state or ''}
end
if was[2] ~= fence or (state ~= 'running' and action == 'done') then
  if action ~= 'done' then
    count(stats, 'late_failure_total', 1)
    return {'stale', state}
  end
  answer = 'late'
  count(stats, 'late_success_total', 1)
  redis.call('ZREM', scheduled, id)
  redis.call('HINCRBY', job, 'fence', 1)
elseif state ~= 'running' then
  return {'repeated', state}
end

-- The attempt of a late success was counted when its worker's jobs were taken from it.
if answer ~= 'late' then
  redis.call('HINCRBY', job, 'attempts', ARGV[6])
  redis.call('HINCRBY', job, 'unknowns', ARGV[8])
end
if ARGV[7] == '1' then redis.call('HINCRBY', job, 'sent', -1) end
for i = 15 + results, #ARGV - 1, 2 do redis.call('HSET', job, ARGV[i], ARGV[i + 1]) end

local effect = was[4]
if action == 'retry' then
  local due = now + tonumber(ARGV[4])
  if deadline > 0 and due > deadline then due = deadline end
  if ARGV[5] == 'retry' and ARGV[6] == '0' then redis.call('HINCRBY', job, 'waits', 1) end
  redis.call('HSET', job, 'state', 'scheduled', 'reason', ARGV[5], 'due_ms', due)
  redis.call('ZADD', scheduled, due, id)
  count(stats, 'retries_total', 1)
  event(events, id, 'scheduled', effect, now)
  return {answer, 'scheduled'}
end
if action == 'back' then
  redis.call('HSET', job, 'state', 'queued')
  redis.call('RPUSH', inbox_of(inboxes, was[5]), id)
  event(events, id, 'queued', effect, now)
  return {answer, 'queued'}
end

redis.call('HSET', job, 'state', action, 'finished_ms', now,
  'total_ms', now - (tonumber(was[3]) or now))
redis.call('HDEL', job, 'due_ms')
if action == 'done' then
  redis.call('HDEL', job, 'reason')
  if digest ~= '' then redis.call('HSET', photo, 'r:' .. digest, id, 'current', digest) end
  for _, name in ipairs({'class', 'code', 'message'}) do
    local value = redis.call('HGET', job, 'error_' .. name)
    if value then
      redis.call('HSET', job, 'last_error_' .. name, value)
      redis.call('HDEL', job, 'error_' .. name)
    end
  end
  local status = redis.call('HGET', job, 'http_status')
  if status then
    redis.call('HSET', job, 'last_http_status', status)
    redis.call('HDEL', job, 'http_status')
  end
  for i = 1, results do
    redis.call('SET', KEYS[first_result - 1 + i], ARGV[14 + i], 'PX', ttl)
  end
end
redis.call('PEXPIRE', job, ttl)
if action == 'dead' or action == 'unknown' then
  local bytes = redis.call('STRLEN', env)
  redis.call('PEXPIRE', env, ttl)
  redis.call('ZADD', action == 'dead' and dead or unknown, now, id)
  forget_bytes(dead_bytes, id)
  redis.call('HSET', dead_bytes, id, bytes)
  redis.call('HINCRBY', dead_bytes, '*', bytes)
else
  redis.call('DEL', env)
end
if ARGV[11] == '1' then
  redis.call('LPUSH', reply, id)
  redis.call('PEXPIRE', reply, ttl)
end
count(stats, action .. '_total', 1)
event(events, id, action, effect, now)
return {answer, action}
