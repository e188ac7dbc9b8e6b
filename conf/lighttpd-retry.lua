-- SPDX-License-Identifier: ISC
--
-- The two answers that lighttpd gives at /sse and /events by itself.  To a
-- preflight: 204.  In place of an error because the responder is down: an empty
-- event stream that says when to come back, for any status but 200 ends a
-- browser's EventSource for good.  The time is spread, so that browsers do not
-- come all at once.  The headers for other origins are lighttpd.conf's in both
-- cases.

local r = lighty.r

if r.req_attr["request.method"] == "OPTIONS" then
	return 204
end

local down = { [500] = true, [502] = true, [503] = true, [504] = true }

if not down[r.req_item.http_status] then
	return 0
end
r.resp_header["Content-Type"] = "text/event-stream"
r.resp_header["Cache-Control"] = "no-store"
r.resp_body:set({ ("retry: %d\n\n"):format(math.random(2000, 3000)) })
return 200
