-- wrk asks for the addresses of a list (URLS: a file, one a line) in turn, each thread from another place in it, and prints
-- ENCODING: Accept-Encoding, gzip for one; one line at the end: requests a second, milliseconds p50 p99, requests, errors, bytes.
local threads = 0
function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

local requests, i = {}, 0
function init()
    for path in io.lines(os.getenv("URLS")) do
        requests[#requests + 1] = wrk.format("GET", path, {["Accept-Encoding"] = os.getenv("ENCODING") or "identity", ["Accept"] = "application/json"})
    end
    i = number * 7919 % #requests
end

function request()
    i = i % #requests + 1
    return requests[i]
end

function done(summary, latency)
    local e = summary.errors
    print(string.format("RESULT %.2f %.4f %.4f %d %d %d", summary.requests / summary.duration * 1e6,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.requests,
        e.connect + e.read + e.write + e.status + e.timeout, summary.bytes))
end
