-- Takes the photo for one job, so that no other calls the same step meanwhile, and tells what is known.
-- KEYS: photo, workers, job
-- ARGV: worker, id, fence, ttl_ms, source (a record, or nothing where the job brings none)
-- Returns {'busy', id of the job that has it} or {'ok', {fields and values of the record}}.
-- The lock is worker:fence:id and falls with its worker, or after LOCK_MS without a step.
local LOCK_MS = 600000
local FIELDS_MAX = 400
local photo, workers, job = KEYS[1], KEYS[2], KEYS[3]
local mine = ARGV[1] .. ':' .. ARGV[3] .. ':' .. ARGV[2]
local now = now_ms()

local lock = redis.call('HMGET', photo, 'lock', 'lock_ms')
if lock[1] and lock[1] ~= mine then
  local worker, id = string.match(lock[1], '^([^:]*):[^:]*:(.*)$')
  local alive = redis.call('ZSCORE', workers, worker or '')
  if id ~= ARGV[2] and alive and now - (tonumber(lock[2]) or 0) < LOCK_MS then
    return {'busy', id}
  end
end
redis.call('HSET', photo, 'lock', mine, 'lock_ms', now)
if ARGV[5] ~= '' then redis.call('HSET', photo, 'source', ARGV[5]) end
redis.call('PEXPIRE', photo, ARGV[4])
if redis.call('HLEN', photo) > FIELDS_MAX then
  -- A photo with hundreds of steps: its record begins anew, so that it stays small.
  redis.call('DEL', photo)
  redis.call('HSET', photo, 'lock', mine, 'lock_ms', now)
  if ARGV[5] ~= '' then redis.call('HSET', photo, 'source', ARGV[5]) end
  redis.call('PEXPIRE', photo, ARGV[4])
end
-- Every job that had the photo is remembered, so that a purge finds what it left.
redis.call('HSET', photo, 'j:' .. ARGV[2], now)
return {'ok', redis.call('HGETALL', photo)}
