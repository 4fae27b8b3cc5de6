-- One POST again and again; every answer must be 200 and equal the expected one byte for byte.
-- From the environment: BENCH_BODY, BENCH_TOKEN, BENCH_EXPECTED (a file).

wrk.method = "POST"
wrk.body = os.getenv("BENCH_BODY")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")

local file = assert(io.open(os.getenv("BENCH_EXPECTED"), "rb"))
local expected = file:read("*a")
file:close()

refused, different, example = 0, 0, ""

function response(status, _, body)
  if status == 200 and body == expected then return end
  if status ~= 200 then refused = refused + 1 else different = different + 1 end
  if example == "" then example = status .. " " .. body:sub(1, 300):gsub("%s+", " ") end
end

local worker
function setup(thread) worker = thread end

function done(summary, latency)
  local errors = summary.errors
  io.write("\n", worker:get("example"), string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "refused": %d, "different": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    worker:get("refused"), worker:get("different"), errors.connect + errors.read + errors.write + errors.timeout))
end
