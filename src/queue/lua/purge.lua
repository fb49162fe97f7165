-- Forgets one job of a photo whole, wherever something of it is; or only counts what there is.
-- KEYS: dead, dead bytes, unknown, scheduled, three inboxes, stats, stats of the minute, job, env,
--       result, result:1, ... (as many as a job may have)
-- ARGV: id, 1 = remove (else only count)
-- Returns {answer, statuses, envelopes, results, entries in indexes and inboxes}; answer is
--   ok     removed, or counted
--   live   it has not ended: nothing was removed
local dead, dead_bytes, unknown, scheduled = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, remove = ARGV[1], ARGV[2] == '1'
local state = redis.call('HGET', KEYS[10], 'state')
local live = state and not TERMINAL[state]
remove = remove and not live

local function had(key)
  return redis.call(remove and 'DEL' or 'EXISTS', key)
end

local statuses, envelopes, results, entries = had(KEYS[10]), had(KEYS[11]), 0, 0
for i = 12, #KEYS do results = results + had(KEYS[i]) end
for _, index in ipairs({dead, unknown, scheduled}) do
  if redis.call('ZSCORE', index, id) then entries = entries + 1 end
  if remove then redis.call('ZREM', index, id) end
end
for i = 5, 7 do
  local places = remove and redis.call('LREM', KEYS[i], 0, id)
    or #redis.call('LPOS', KEYS[i], id, 'COUNT', 0)
  entries = entries + places
end
entries = entries + redis.call('HEXISTS', dead_bytes, id)
if remove then
  forget_bytes(dead_bytes, id)
  if statuses + envelopes + results > 0 then
    count({KEYS[8], KEYS[9]}, 'operator_removed_total', 1)
  end
end
return {live and 'live' or 'ok', statuses, envelopes, results, entries}
