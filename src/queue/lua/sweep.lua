-- What is due: workers whose lease has lapsed (or "~WORKER": a second look at one that was reaped),
-- scheduled jobs whose time has come.
-- KEYS: workers, scheduled
-- ARGV: most workers, most jobs
-- Returns {now, ms until the next scheduled job (-1: none), {workers}, {ids}}.
local now = now_ms()
local lapsed = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[2])
local next_in = -1
local next_job = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
if next_job[2] then next_in = tonumber(next_job[2]) - now end
return {now, next_in, lapsed, due}
