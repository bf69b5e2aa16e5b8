-- wrk's part: sends the bodies of PHR_BENCH_BODIES, one a line, over and over, and looks at every answer.
-- The last line of the output is JSON: what Python reads.

local connection = 0

function setup(thread)
    connection = connection + 1
    thread:set("number", connection)
    table.insert(threads, thread)
end

threads = {}
requests = {}
bad = 0
sample = ""

function init()
    local headers = wrk.headers
    headers["Content-Type"] = "application/json"
    headers["Accept"] = "application/graphql-response+json"
    for body in io.lines(os.getenv("PHR_BENCH_BODIES")) do
        table.insert(requests, wrk.format("POST", "/graphql", headers, body))
    end
    -- Threads begin at different places.
    place = number * 1009
end

function request()
    place = place + 1
    return requests[place % #requests + 1]
end

function response(status, _, body)
    if status ~= 200 or string.find(body, '"errors"', 1, true) then
        bad = bad + 1
        sample = status .. " " .. string.sub(body, 1, 300)
    end
end

function done(summary, latency, _)
    local wrong, example = 0, ""
    for _, thread in ipairs(threads) do
        wrong = wrong + thread:get("bad")
        if thread:get("sample") ~= "" then example = thread:get("sample") end
    end
    local errors = summary.errors
    print(string.format(
        '{"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"bad":%d,"broken":%d,"example":%q}',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        latency.max / 1e3, wrong, errors.connect + errors.read + errors.write + errors.timeout, example
    ))
end
