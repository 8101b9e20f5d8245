-- Each request has cookies, a referrer and a trace id that no other has.
local n = 0
request = function()
  n = n + 1
  local any = math.random(0, 0x7fffffff)
  wrk.headers["Cookie"] = string.format(
    "session=%08x%08x; seen=%d; theme=dark", any, n, n)
  wrk.headers["Referer"] = string.format(
    "http://localhost/articles/%d?from=%d", n, any)
  wrk.headers["traceparent"] = string.format(
    "00-%08x%08x%08x%08x-%08x%08x-01", any, n, n, any, n, any)
  return wrk.format()
end
