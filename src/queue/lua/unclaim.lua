-- Claimed elements that were not begun go back where they came from, in their old order.
-- KEYS: claim, inbox
-- Returns how many.
local moved = 0
while redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT') do moved = moved + 1 end
return moved
