-- A worker says goodbye: claimed elements go back; jobs that could not be handed back are left to the
-- reaper of another worker, at once.
-- KEYS: workers, worker, active, three claim lists, three inboxes (normal, high, low each)
-- ARGV: worker, 1 = a command of its may still be on its way: a second look later
-- Returns how many jobs were left.
local SECOND_LOOK_MS = 15000
for i = 1, 3 do
  while redis.call('LMOVE', KEYS[3 + i], KEYS[6 + i], 'LEFT', 'RIGHT') do end
end
local left = redis.call('HLEN', KEYS[3])
if left == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
  if ARGV[2] == '1' then redis.call('ZADD', KEYS[1], now_ms() + SECOND_LOOK_MS, '~' .. ARGV[1]) end
  redis.call('DEL', KEYS[2])
else
  redis.call('ZADD', KEYS[1], 'XX', 0, ARGV[1])
end
return left
