-- Which of these jobs are about a photo?
-- KEYS: job, env of each
-- ARGV: out_request_id, then the id of each
-- Returns for each: yes, no, none where there is nothing of it, or maybe where only its envelope's
-- reader can tell. A job without an out_request_id of its own is the photo of its own id.
local photo, answers = ARGV[1], {}
for i = 2, #ARGV do
  local job, env = KEYS[2 * i - 3], KEYS[2 * i - 2]
  local named = redis.call('HGET', job, 'out_request_id')
  local answer = 'no'
  if named and named ~= '' then
    answer = named == photo and 'yes' or 'no'
  else
    local envelope = redis.call('GET', env)
    if envelope and (string.find(envelope, photo, 1, true) or
      string.sub(envelope, 1, 1) == '{' and string.find(envelope, '\\', 1, true)) then
      answer = 'maybe'
    elseif not envelope and ARGV[i] == photo then
      answer = 'yes'
    elseif not envelope and redis.call('EXISTS', job) == 0 then
      answer = 'none'
    end
  end
  answers[#answers + 1] = answer
end
return answers
