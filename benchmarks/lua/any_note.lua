-- Each request asks for any of COUNT notes.
request = function()
  return wrk.format(nil, nil, nil, '{"getNote": ' .. math.random(0, COUNT - 1) .. '}')
end
