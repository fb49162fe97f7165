-- Stands before every script: the clock, the counters, the event of a state change.
-- All times are Redis's own, so that workers with wrong clocks agree.

local TERMINAL = {done = true, dead = true, canceled = true, expired = true, unknown = true}
local MINUTE_STATS_TTL_MS = 48 * 3600 * 1000
local EVENTS_KEPT = 10000
local REJECTED_KEPT = 1000

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- stats: {since ever, this minute}
local function count(stats, name, by)
  redis.call('HINCRBY', stats[1], name, by)
  redis.call('HINCRBY', stats[2], name, by)
  redis.call('PEXPIRE', stats[2], MINUTE_STATS_TTL_MS)
end

local function event(events, id, state, effect, now)
  redis.call('XADD', events, 'MAXLEN', '~', EVENTS_KEPT, '*',
    'id', id, 'state', state, 'effect', effect or '', 'ms', now)
end

-- inboxes: {normal, high, low}
local function inbox_of(inboxes, priority)
  if priority == 'high' then return inboxes[2] end
  if priority == 'low' then return inboxes[3] end
  return inboxes[1]
end

-- The bytes of a dead letter's envelope: one field per id, and the sum under '*'.
local function forget_bytes(dead_bytes, id)
  local bytes = redis.call('HGET', dead_bytes, id)
  if bytes then
    redis.call('HDEL', dead_bytes, id)
    redis.call('HINCRBY', dead_bytes, '*', -bytes)
  end
end
