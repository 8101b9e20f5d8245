-- Each request is for any of COUNT paths: PREFIX, a number from 0, SUFFIX.
request = function()
  return wrk.format(nil, PREFIX .. math.random(0, COUNT - 1) .. SUFFIX)
end
