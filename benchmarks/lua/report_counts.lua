-- Print the counts in full: wrk rounds those that it prints for people.
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("counted %d %d %d\n",
    summary.requests, summary.bytes, summary.duration))
  io.write(string.format("errors connect=%d read=%d write=%d timeout=%d status=%d\n",
    e.connect, e.read, e.write, e.timeout, e.status))
end
