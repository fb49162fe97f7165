-- The intention to send, on record before the body leaves.
-- KEYS: job, active
-- ARGV: id, fence, sequence number, call number (1, 2, ... within this begin)
-- Returns {1, now}, or {0, now} where the job is no longer ours: then nothing may be sent.
local job, active = KEYS[1], KEYS[2]
local id, fence, sequence, call = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now = now_ms()

local entry = redis.call('HGET', active, id)
local was = redis.call('HMGET', job, 'state', 'fence')
local run = sequence .. ':' .. fence .. ':'
if not entry or was[1] ~= 'running' or was[2] ~= fence then
  if entry and string.sub(entry, 1, #run) == run then redis.call('HDEL', active, id) end
  return {0, now}
end
local mark = run .. call
if entry == mark then return {1, now} end

redis.call('HSET', active, id, mark)
redis.call('HINCRBY', job, 'sent', 1)
if redis.call('HSETNX', job, 'started_ms', now) == 1 then
  redis.call('HSET', job, 'wait_ms', now - (tonumber(redis.call('HGET', job, 'enqueued_ms')) or now))
end
return {1, now}
