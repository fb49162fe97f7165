-- The sum of the dead letters' bytes that was added up outside becomes the one on record, unless
-- anything changed meanwhile.
-- KEYS: dead bytes
-- ARGV: sum, fields that were added up, the sum on record then
-- Returns 1, or 0 where it changed.
local on_record = redis.call('HGET', KEYS[1], '*')
local fields = redis.call('HLEN', KEYS[1]) - (on_record and 1 or 0)
if (on_record or '') ~= ARGV[3] or fields ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], '*', ARGV[1])
return 1
