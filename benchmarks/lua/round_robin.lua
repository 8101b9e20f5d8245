-- Each request is for the next of COUNT paths: PREFIX, a number from 0, SUFFIX.
local n = 0
request = function()
  n = (n + 1) % COUNT
  return wrk.format(nil, PREFIX .. n .. SUFFIX)
end
