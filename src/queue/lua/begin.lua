-- Takes the oldest claimed element off the claim list and starts its job.
-- KEYS: claim, job, env, active, workers, paused, rejected, events, stats, stats of the minute
-- ARGV: worker, id, sequence number, element's length (0: a bare id), effect, steps, priority,
--       head of the entry for P:rejected (a msgpack map that lacks only the element's bytes),
--       life of a status whose envelope is missing, reply_to, where in the element its id stands
--       (from 1; 0: not known)
-- Returns {answer, now, fence, attempts, sent, unknowns, waits, attempts at the last checkpoint,
-- envelope}; answer is
--   ok         the job is ours
--   duplicate  the id is alive or remembered: the element is dropped, counted
--   gone       the job has ended already (cancelled, or a late success): the element is dropped
--   missing    a bare id without an envelope: to P:rejected
--   paused     the queue is paused: nothing was touched
--   lost       this worker's lease was taken from it: nothing was touched
--   mismatch   the claim list holds something else: nothing was touched
local claim, job, env, active, workers, paused, rejected, events =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local stats = {KEYS[9], KEYS[10]}
local worker, id, sequence, length, effect = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local now = now_ms()

local function begun(fence)
  local was = redis.call('HMGET', job, 'attempts', 'sent', 'unknowns', 'waits', 'step_attempts')
  local envelope = length == 0 and redis.call('GET', env) or ''
  return {'ok', now, fence, tonumber(was[1]) or 0, tonumber(was[2]) or 0, tonumber(was[3]) or 0,
    tonumber(was[4]) or 0, tonumber(was[5]) or 0, envelope}
end

-- The answer to an earlier begin of this element may have been lost on its way.
local mine = redis.call('HGET', active, id)
if mine then
  local was_sequence, fence = string.match(mine, '^(%d+):(%d+):')
  if was_sequence == sequence then return begun(tonumber(fence)) end
end
if not redis.call('ZSCORE', workers, worker) then return {'lost', now} end
if redis.call('EXISTS', paused) == 1 then return {'paused', now} end

local state = redis.call('HGET', job, 'state') -- before the pop: it fails where the key is no hash
local element = redis.call('RPOP', claim)
-- Of many envelopes of one length, only ours has our id in that place.
local at = tonumber(ARGV[11])
local fits = element and (length == 0 and element == id or length > 0 and #element == length and
  (at == 0 or string.sub(element, at, at + #id - 1) == id))
if not fits then
  if element then redis.call('RPUSH', claim, element) end
  return {'mismatch', now}
end

if length > 0 then
  if state then
    count(stats, 'duplicates_total', 1)
    return {'duplicate', now}
  end
  redis.call('SET', env, element)
elseif state and TERMINAL[state] then
  return {'gone', now}
elseif redis.call('EXISTS', env) == 0 then
  redis.call('LPUSH', rejected, ARGV[8] .. element)
  redis.call('LTRIM', rejected, 0, REJECTED_KEPT - 1)
  count(stats, 'rejected_total', 1)
  if state then
    redis.call('HSET', job, 'state', 'dead', 'finished_ms', now, 'error_class', 'internal',
      'error_message', 'the stored envelope is missing')
    redis.call('PEXPIRE', job, ARGV[9])
    count(stats, 'dead_total', 1)
    event(events, id, 'dead', redis.call('HGET', job, 'effect'), now)
  end
  return {'missing', now}
elseif state and state ~= 'queued' then
  count(stats, 'duplicates_total', 1)
  return {'duplicate', now}
end

if effect ~= '' then redis.call('HSET', job, 'effect', effect, 'steps', ARGV[6]) end
if ARGV[7] ~= '' then redis.call('HSETNX', job, 'priority', ARGV[7]) end
if ARGV[10] ~= '' then redis.call('HSET', job, 'reply_to', ARGV[10]) end
redis.call('HSETNX', job, 'enqueued_ms', now)
redis.call('HSETNX', job, 'attempts', 0)
redis.call('HSETNX', job, 'sent', 0)
redis.call('HSETNX', job, 'step', 0)
local fence = redis.call('HINCRBY', job, 'fence', 1)
redis.call('HSET', job, 'state', 'running', 'worker', worker)
redis.call('HDEL', job, 'reason', 'due_ms')
redis.call('HSET', active, id, sequence .. ':' .. fence .. ':0')
event(events, id, 'running', redis.call('HGET', job, 'effect'), now)
return begun(fence)
