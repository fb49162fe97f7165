-- Ends a job at once, wherever it is; a call in flight is cut off by its worker, which is told.
-- An id that is not known yet is remembered, so that its envelope is dropped when it comes.
-- KEYS: job, env, scheduled, events, stats, stats of the minute, reply list (or the events key where
--       there is none)
-- ARGV: id, ttl_ms, control channel, NAME of the reply list ('' where there is none)
-- Returns {answer, state before}: canceled, ended (it had ended before), ahead (not known yet); or
-- {'reply', NAME} where the job's reply list is another: nothing was touched, call again with its key.
local job, env, scheduled, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, ttl = ARGV[1], ARGV[2]
local now = now_ms()

local was = redis.call('HMGET', job, 'state', 'effect', 'enqueued_ms', 'reply_to')
local state = was[1]
if state and TERMINAL[state] then return {'ended', state} end
if (was[4] or '') ~= ARGV[4] then return {'reply', was[4] or ''} end
redis.call('HSET', job, 'state', 'canceled', 'finished_ms', now,
  'total_ms', now - (tonumber(was[3]) or now))
redis.call('HDEL', job, 'reason', 'due_ms')
redis.call('HINCRBY', job, 'fence', 1)
redis.call('PEXPIRE', job, ttl)
redis.call('DEL', env)
redis.call('ZREM', scheduled, id)
if ARGV[4] ~= '' then
  redis.call('LPUSH', KEYS[7], id)
  redis.call('PEXPIRE', KEYS[7], ttl)
end
count({KEYS[5], KEYS[6]}, 'canceled_total', 1)
event(events, id, 'canceled', was[2], now)
if state == 'running' then redis.call('PUBLISH', ARGV[3], 'cancel ' .. id) end
return {state and 'canceled' or 'ahead', state or ''}
