-- wrk asks for the tiles of a list in turn, each thread from another place in it, and prints one line at the end:
-- requests a second, milliseconds p50 p99, requests, errors, bytes.
-- LIST: a file of lines z/x/y. TEMPLATE: the path, with {z} {x} {y}.
local threads = 0
function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

local requests, i = {}, 0
function init()
    for z, x, y in io.open(os.getenv("LIST")):read("*a"):gmatch("(%d+)/(%d+)/(%d+)") do
        local path = os.getenv("TEMPLATE"):gsub("{(%a)}", {z = z, x = x, y = y})
        requests[#requests + 1] = wrk.format("GET", path, {["Accept-Encoding"] = "gzip"})
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
