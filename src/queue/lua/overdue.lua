-- Dead letters that are too old, or the oldest while they are too many.
-- KEYS: dead, unknown, dead bytes
-- ARGV: ttl_ms, most bytes, most ids
-- Returns the ids.
local now, most = now_ms(), tonumber(ARGV[3])
local ids = {}
for i = 1, 2 do
  local old = redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now - ARGV[1], 'LIMIT', 0, most - #ids)
  for _, id in ipairs(old) do ids[#ids + 1] = id end
end
local surplus = (tonumber(redis.call('HGET', KEYS[3], '*')) or 0) - tonumber(ARGV[2])
if #ids > 0 or surplus <= 0 then return ids end
local oldest = {}
for i = 1, 2 do
  local rows = redis.call('ZRANGE', KEYS[i], 0, most - 1, 'WITHSCORES')
  for j = 1, #rows, 2 do oldest[#oldest + 1] = {rows[j], tonumber(rows[j + 1])} end
end
table.sort(oldest, function(a, b) return a[2] < b[2] end)
for _, row in ipairs(oldest) do
  if surplus <= 0 or #ids >= most then break end
  ids[#ids + 1] = row[1]
  surplus = surplus - (tonumber(redis.call('HGET', KEYS[3], row[1])) or 0)
end
return ids
