-- wrk: posts signed bodies at random. Arguments: a file with "<signature> <body>" lines, milliseconds
-- each connection waits between its requests (0: none).
local requests = {}
local pause = 0

function init(arguments)
    pause = tonumber(arguments[2])
    for line in io.lines(arguments[1]) do
        local signature, body = line:match("^(%S+) (.*)$")
        requests[#requests + 1] = wrk.format("POST", nil,
            { ["Content-Type"] = "application/json", ["X-Razorpay-Signature"] = signature }, body)
    end
    math.randomseed(20260102)
    if pause == 0 then delay = nil end
end

function delay()
    return pause
end

function request()
    return requests[math.random(#requests)]
end

function done(summary)
    local errors = summary.errors
    print(string.format('{"requests": %d, "seconds": %.6f, "errors": %d}', summary.requests, summary.duration / 1e6,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
