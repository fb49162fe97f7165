-- A worker whose claimed elements or jobs in flight are there, but who is not on record: no reaper
-- looks at it. Mending puts it on record as lapsed; a reaper then gives back what it holds.
-- KEYS: workers, active, three claim lists
-- ARGV: worker, 1 = mend
-- Returns {found, claimed elements, jobs in flight}
if redis.call('ZSCORE', KEYS[1], ARGV[1]) or redis.call('ZSCORE', KEYS[1], '~' .. ARGV[1]) then
  return {0, 0, 0}
end
local jobs, claimed = redis.call('HLEN', KEYS[2]), 0
for i = 3, 5 do claimed = claimed + redis.call('LLEN', KEYS[i]) end
if jobs + claimed == 0 then return {0, 0, 0} end
if ARGV[2] == '1' then redis.call('ZADD', KEYS[1], 0, ARGV[1]) end
return {1, claimed, jobs}
