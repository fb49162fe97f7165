-- The oldest claimed element is no job at all.
-- KEYS: claim, rejected, stats, stats of the minute, workers
-- ARGV: worker, element's length, head of the entry (a msgpack map that lacks only the element's
--       bytes), the element's first and last bytes, as many as make it known again
-- Returns 1, or 0 where the claim list holds something else.
if not redis.call('ZSCORE', KEYS[5], ARGV[1]) then return 0 end
local element = redis.call('RPOP', KEYS[1])
if not element then return 0 end
if #element ~= tonumber(ARGV[2]) or string.sub(element, 1, #ARGV[4]) ~= ARGV[4] or
  string.sub(element, #element - #ARGV[5] + 1) ~= ARGV[5] then
  redis.call('RPUSH', KEYS[1], element)
  return 0
end
redis.call('LPUSH', KEYS[2], ARGV[3] .. element)
redis.call('LTRIM', KEYS[2], 0, REJECTED_KEPT - 1)
count({KEYS[3], KEYS[4]}, 'rejected_total', 1)
return 1
