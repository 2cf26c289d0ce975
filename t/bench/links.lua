-- wrk: follows links at random. Arguments: a file with a path a line, a file with header lines.
local requests = {}

function init(arguments)
    local headers = {}
    for line in io.lines(arguments[2]) do
        headers[#headers + 1] = line .. "\r\n"
    end
    local head = " HTTP/1.1\r\n" .. table.concat(headers) .. "\r\n"
    for path in io.lines(arguments[1]) do
        requests[#requests + 1] = "GET " .. path .. head
    end
    math.randomseed(20260101)
end

function request()
    return requests[math.random(#requests)]
end

function done(summary)
    local errors = summary.errors
    print(string.format('{"requests": %d, "seconds": %.6f, "errors": %d}', summary.requests, summary.duration / 1e6,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
