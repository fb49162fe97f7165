-- Registers a worker, or renews its lease; brings its counters home and the queue's figures back.
-- KEYS: workers, worker, paused, stats, stats of the minute, three inboxes, scheduled, dead, unknown
-- ARGV: worker, lease_ms, 1 = register, number of counters, then pairs of counters and increments,
--       then pairs of fields and values about the worker
-- Returns {held, now, paused, depth, depth high, depth low, scheduled, dead, unknown}; held is 0 where
-- the lease had lapsed and the worker's jobs were given to others.
local workers, worker = KEYS[1], KEYS[2]
local counters = tonumber(ARGV[4])
local now = now_ms()
-- Redis out of memory refuses what may take room, unless a script has written before: a lease must not
-- lapse, and its jobs be called again by others, for that.
redis.call('ZREM', workers, '')
local held = ARGV[3] == '1' or redis.call('ZSCORE', workers, ARGV[1])
if held then
  redis.call('ZADD', workers, now + ARGV[2], ARGV[1])
  redis.call('HSET', worker, 'seen_ms', now)
  for i = 5 + 2 * counters, #ARGV - 1, 2 do redis.call('HSET', worker, ARGV[i], ARGV[i + 1]) end
end
for i = 5, 3 + 2 * counters, 2 do count({KEYS[4], KEYS[5]}, ARGV[i], ARGV[i + 1]) end
return {held and 1 or 0, now, redis.call('EXISTS', KEYS[3]),
  redis.call('LLEN', KEYS[6]), redis.call('LLEN', KEYS[7]), redis.call('LLEN', KEYS[8]),
  redis.call('ZCARD', KEYS[9]), redis.call('ZCARD', KEYS[10]), redis.call('ZCARD', KEYS[11])}
