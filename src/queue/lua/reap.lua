-- A lapsed worker's jobs go back to the front of their inboxes, in their old order.
-- KEYS: workers, worker, active, three claim lists, three inboxes (normal, high, low each), unknown,
--       events, stats, stats of the minute, then job and env of each entry
-- ARGV: worker, ttl_ms of an unknown job, unknown_retries and max_attempts where a job says nothing,
--       then pairs of id and entry, the newest first
-- Returns {done, requeued, unknown}; done is 1 when nothing of the worker is left, -1 when its lease
-- is alive (again) and nothing was touched.
-- A command of the worker's may still arrive after this and put an element on its claim list: a second
-- look, later, is on record as the member "~WORKER".
local workers, worker, active = KEYS[1], KEYS[2], KEYS[3]
local inboxes = {KEYS[7], KEYS[8], KEYS[9]}
local unknown, events, stats = KEYS[10], KEYS[11], {KEYS[12], KEYS[13]}
local ttl = tonumber(ARGV[2])
local now, requeued, unknowns = now_ms(), 0, 0

local SECOND_LOOK_MS = 30000
local expires = redis.call('ZSCORE', workers, ARGV[1])
if expires and tonumber(expires) > now then return {-1, 0, 0} end
for i = 1, 3 do
  while redis.call('LMOVE', KEYS[3 + i], inboxes[i], 'LEFT', 'RIGHT') do end
end

-- The request may have been out: an unknown outcome. True when the job may be called again.
local function may_repeat(job, was)
  local attempts = redis.call('HINCRBY', job, 'attempts', 1)
  local lost = redis.call('HINCRBY', job, 'unknowns', 1)
  redis.call('HSET', job, 'error_class', 'lost_worker',
    'error_message', 'worker ' .. ARGV[1] .. ' ended with a request out')
  return lost <= (tonumber(was[6]) or tonumber(ARGV[3])) and
    attempts < (tonumber(was[7]) or tonumber(ARGV[4]))
end

local function rest_as_unknown(id, job, env, was)
  redis.call('HSET', job, 'state', 'unknown', 'finished_ms', now,
    'total_ms', now - (tonumber(was[8]) or now))
  redis.call('PEXPIRE', job, ttl)
  redis.call('PEXPIRE', env, ttl)
  redis.call('ZADD', unknown, now, id)
  count(stats, 'unknown_total', 1)
  event(events, id, 'unknown', was[3], now)
  unknowns = unknowns + 1
end

for i = 5, #ARGV - 1, 2 do
  local id, entry = ARGV[i], ARGV[i + 1]
  local job, env = KEYS[14 + (i - 5)], KEYS[15 + (i - 5)]
  if redis.call('HGET', active, id) == entry then
    redis.call('HDEL', active, id)
    local was = redis.call('HMGET', job, 'state', 'fence', 'effect', 'priority', 'sent',
      'unknown_retries', 'max_attempts', 'enqueued_ms')
    local fence, calls = string.match(entry, '^%d+:(%d+):(%d+)$')
    if was[1] == 'running' and was[2] == fence then
      if calls == '0' or may_repeat(job, was) then
        redis.call('HSET', job, 'state', 'queued')
        redis.call('RPUSH', inbox_of(inboxes, was[4]), id)
        event(events, id, 'queued', was[3], now)
        requeued = requeued + 1
      else
        rest_as_unknown(id, job, env, was)
      end
    end
  end
end
if requeued + unknowns > 0 then count(stats, 'reaped_total', requeued + unknowns) end
if redis.call('HLEN', active) > 0 then return {0, requeued, unknowns} end
if redis.call('ZREM', workers, ARGV[1]) == 1 then
  redis.call('ZADD', workers, now + SECOND_LOOK_MS, '~' .. ARGV[1])
else
  redis.call('ZREM', workers, '~' .. ARGV[1])
end
redis.call('DEL', worker)
return {1, requeued, unknowns}
