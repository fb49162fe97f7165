-- Forgets ended jobs whole: by an operator, or because dead letters are too old or too many.
-- KEYS: dead, dead bytes, unknown, stats, stats of the minute, then job, env and result of each id
-- ARGV: counter to raise, then the ids
-- Returns how many; a job that has not ended is left alone.
local dead, dead_bytes, unknown = KEYS[1], KEYS[2], KEYS[3]
local removed = 0
for i = 2, #ARGV do
  local id = ARGV[i]
  local job, env, result = KEYS[3 * i], KEYS[3 * i + 1], KEYS[3 * i + 2]
  local state = redis.call('HGET', job, 'state')
  if not state or TERMINAL[state] then
    local listed = redis.call('ZREM', dead, id) + redis.call('ZREM', unknown, id)
    forget_bytes(dead_bytes, id)
    if redis.call('DEL', job, env, result) + listed > 0 then removed = removed + 1 end
  end
end
if removed > 0 then count({KEYS[4], KEYS[5]}, ARGV[1], removed) end
return removed
