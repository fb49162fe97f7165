-- A producer's way in: envelope and status are stored, then the id is pushed.
-- KEYS: job, env, inbox, events, stats, stats of the minute
-- ARGV: id, envelope, effect, steps, priority, reply_to (or nothing)
-- Returns 1, or 0 where the id is known already (alive or remembered).
local job, env, inbox, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local stats = {KEYS[5], KEYS[6]}
local id, effect = ARGV[1], ARGV[3]

if redis.call('EXISTS', job) == 1 then
  count(stats, 'duplicates_total', 1)
  return 0
end
local now = now_ms()
redis.call('SET', env, ARGV[2])
redis.call('HSET', job, 'state', 'queued', 'effect', effect, 'step', 0, 'steps', ARGV[4],
  'attempts', 0, 'sent', 0, 'fence', 0, 'enqueued_ms', now, 'priority', ARGV[5])
if ARGV[6] and ARGV[6] ~= '' then redis.call('HSET', job, 'reply_to', ARGV[6]) end
redis.call('LPUSH', inbox, id)
count(stats, 'submitted_total', 1)
event(events, id, 'queued', effect, now)
return 1
