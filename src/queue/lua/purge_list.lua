-- The next envelope of an inbox or a claim list that may be about a photo. A text in JSON may be
-- spelled with backslashes, so that only its reader can tell.
-- KEYS: list
-- ARGV: first place to look at, how many, out_request_id
-- Returns {the place behind it, the element}, or {the place to go on} where there is none, -1 at the
-- end of the list
local first, many, photo = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local page = redis.call('LRANGE', KEYS[1], first, first + many - 1)
for i, element in ipairs(page) do
  if string.find(element, photo, 1, true) and element ~= photo or
    string.sub(element, 1, 1) == '{' and string.find(element, '\\', 1, true) then
    return {first + i, element}
  end
end
return {#page < many and -1 or first + many}
