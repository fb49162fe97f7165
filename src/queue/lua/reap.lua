-- A lapsed worker's jobs go back to the front of their inboxes, in their old order. Where a request
-- was out, an attempt of unknown outcome is noted; the next worker decides by that what may follow.
-- KEYS: workers, worker, active, three claim lists, three inboxes (normal, high, low each),
--       events, stats, stats of the minute, then the job of each entry
-- ARGV: worker, then pairs of id and entry, the newest first
-- Returns {done, requeued}; done is 1 when nothing of the worker is left, -1 when its lease is alive
-- (again) and none of its jobs were touched.
-- A command of the worker's may still arrive after this and put an element on its claim list: a second
-- look, later, is on record as the member "~WORKER".
local workers, worker, active = KEYS[1], KEYS[2], KEYS[3]
local inboxes = {KEYS[7], KEYS[8], KEYS[9]}
local events, stats = KEYS[10], {KEYS[11], KEYS[12]}
local now, requeued = now_ms(), 0

local SECOND_LOOK_MS = 15000
local second_look = '~' .. ARGV[1]
local expires = redis.call('ZSCORE', workers, ARGV[1])
if expires and tonumber(expires) > now then
  -- It registered again after it was reaped. When it lapses it is reaped as any other: a second look
  -- that stayed on record would stand before all others until then.
  redis.call('ZREM', workers, second_look)
  return {-1, 0}
end
for i = 1, 3 do
  while redis.call('LMOVE', KEYS[3 + i], inboxes[i], 'LEFT', 'RIGHT') do end
end

for i = 2, #ARGV - 1, 2 do
  local id, entry, job = ARGV[i], ARGV[i + 1], KEYS[12 + i / 2]
  if redis.call('HGET', active, id) == entry then
    redis.call('HDEL', active, id)
    local was = redis.call('HMGET', job, 'state', 'fence', 'effect', 'priority')
    local fence, calls = string.match(entry, '^%d+:(%d+):(%d+)$')
    if was[1] == 'running' and was[2] == fence then
      if calls ~= '0' then
        redis.call('HINCRBY', job, 'attempts', 1)
        redis.call('HINCRBY', job, 'unknowns', 1)
        redis.call('HSET', job, 'error_class', 'lost_worker',
          'error_message', 'worker ' .. ARGV[1] .. ' ended with a request out')
      end
      redis.call('HSET', job, 'state', 'queued')
      redis.call('RPUSH', inbox_of(inboxes, was[4]), id)
      event(events, id, 'queued', was[3], now)
      requeued = requeued + 1
    end
  end
end
if requeued > 0 then count(stats, 'reaped_total', requeued) end
if redis.call('HLEN', active) > 0 then return {0, requeued} end
if redis.call('ZREM', workers, ARGV[1]) == 1 then
  redis.call('ZADD', workers, now + SECOND_LOOK_MS, second_look)
else
  -- Several may reap the same worker at once: only a second look that was due is over.
  local look = redis.call('ZSCORE', workers, second_look)
  if look and tonumber(look) <= now then redis.call('ZREM', workers, second_look) end
end
redis.call('DEL', worker)
return {1, requeued}
