-- A step of a recipe has answered: on record before anything else is done, since it was paid for.
-- KEYS: job, active, photo
-- ARGV: id, fence, sequence, call number, ttl_ms of the photo, digest of the prefix, its record,
--       steps done, then pairs of status fields and values
-- Returns {1, now}, or {0, now} where the job is no longer ours; the step is recorded all the same,
-- unless the photo is not known any more: a purge is not undone.
local job, active, photo = KEYS[1], KEYS[2], KEYS[3]
local id, fence, sequence = ARGV[1], ARGV[2], ARGV[3]
local now = now_ms()

local was = redis.call('HMGET', job, 'state', 'fence', 'checked')
local ours = was[1] == 'running' and was[2] == fence and redis.call('HEXISTS', active, id) == 1
if ours or redis.call('EXISTS', photo) == 1 then
  redis.call('HSET', photo, 's:' .. ARGV[6], ARGV[7], 'lock_ms', now)
  redis.call('PEXPIRE', photo, ARGV[5])
end
if not ours then return {0, now} end
local call = fence .. ':' .. ARGV[4]
if was[3] == call then return {1, now} end
redis.call('HSET', active, id, sequence .. ':' .. fence .. ':0')
local attempts = redis.call('HINCRBY', job, 'attempts', 1)
redis.call('HSET', job, 'checked', call, 'step', ARGV[8], 'step_attempts', attempts, 'unknowns', 0,
  'waits', 0)
for i = 9, #ARGV - 1, 2 do redis.call('HSET', job, ARGV[i], ARGV[i + 1]) end
return {1, now}
