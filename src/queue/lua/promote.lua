-- Scheduled jobs whose time has come go to the front of their inbox, the longest due first.
-- KEYS: scheduled, three inboxes (normal, high, low), events, then the jobs
-- ARGV: the ids in the order of the jobs' keys, the latest due first
-- Returns how many.
local scheduled, inboxes, events = KEYS[1], {KEYS[2], KEYS[3], KEYS[4]}, KEYS[5]
local now, moved = now_ms(), 0
for i, id in ipairs(ARGV) do
  local job = KEYS[5 + i]
  local due = redis.call('ZSCORE', scheduled, id)
  if due and tonumber(due) <= now then
    redis.call('ZREM', scheduled, id)
    local was = redis.call('HMGET', job, 'state', 'priority', 'effect')
    if was[1] == 'scheduled' then
      redis.call('HSET', job, 'state', 'queued')
      redis.call('RPUSH', inbox_of(inboxes, was[2]), id)
      event(events, id, 'queued', was[3], now)
      moved = moved + 1
    end
  end
end
return moved
