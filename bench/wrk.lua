-- Every answer must be 200 and equal the expected one byte for byte. From the environment: BENCH_EXPECTED, a file; and
-- either BENCH_BODY and BENCH_TOKEN, a POST sent again and again, or BENCH_REQUESTS, a file of requests each sent once.

local function open(name) return assert(io.open(os.getenv(name), "rb")) end

local file = open("BENCH_EXPECTED")
local expected = file:read("*a")
file:close()

refused, different, repeated, example = 0, 0, 0, ""

if os.getenv("BENCH_REQUESTS") then
  local requests, last = open("BENCH_REQUESTS"), nil
  function request()
    local length = requests:read("*l")
    if length then last = requests:read(tonumber(length)) else repeated = repeated + 1 end
    return last
  end
else
  wrk.method = "POST"
  wrk.body = os.getenv("BENCH_BODY")
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Accept"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
end

function response(status, _, body)
  if status == 200 and body == expected then return end
  if status ~= 200 then refused = refused + 1 else different = different + 1 end
  if example == "" then example = status .. " " .. body:sub(1, 300):gsub("%s+", " ") end
end

local worker
function setup(thread) worker = thread end

function done(summary, latency)
  local errors, counts = summary.errors, {}
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  for _, name in ipairs({ "refused", "different", "repeated" }) do
    counts[#counts + 1] = string.format('"%s": %d, ', name, worker:get(name))
  end
  io.write("\n", worker:get("example"), string.format(
    '\n{%s"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "broken": %d}\n', table.concat(counts),
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), broken))
end
