-- An operator gives a dead or unknown job a new life.
-- KEYS: job, env, dead, dead bytes, unknown, three inboxes (normal, high, low), events,
--       stats, stats of the minute
-- ARGV: id
-- Returns {answer, state}: retried; not_ended or ended where its state allows no retry; missing where
-- the id or its envelope is not known.
local job, env, dead, dead_bytes, unknown = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local inboxes, events = {KEYS[6], KEYS[7], KEYS[8]}, KEYS[9]
local id = ARGV[1]
local now = now_ms()

local was = redis.call('HMGET', job, 'state', 'effect', 'priority')
local state = was[1]
if not state then return {'missing', ''} end
if state ~= 'dead' and state ~= 'unknown' then
  return {TERMINAL[state] and 'ended' or 'not_ended', state}
end
if redis.call('EXISTS', env) == 0 then return {'missing', state} end
redis.call('PERSIST', job)
redis.call('PERSIST', env)
redis.call('ZREM', dead, id)
redis.call('ZREM', unknown, id)
forget_bytes(dead_bytes, id)
for _, name in ipairs({'class', 'code', 'message'}) do
  local value = redis.call('HGET', job, 'error_' .. name)
  if value then redis.call('HSET', job, 'last_error_' .. name, value) end
end
redis.call('HDEL', job, 'error_class', 'error_code', 'error_message', 'http_status', 'finished_ms',
  'total_ms', 'started_ms', 'wait_ms')
redis.call('HSET', job, 'state', 'queued', 'attempts', 0, 'unknowns', 0, 'waits', 0,
  'enqueued_ms', now)
redis.call('LPUSH', inbox_of(inboxes, was[3]), id)
count({KEYS[10], KEYS[11]}, 'operator_retries_total', 1)
event(events, id, 'queued', was[2], now)
return {'retried', state}
