-- SPDX-License-Identifier: ISC
--
-- What Apache answers at /sse and /events in place of an error because the
-- responder is down: an empty event stream that says when to come back, for
-- any status but 200 ends a browser's EventSource for good.  The time is
-- spread, so that browsers do not come all at once.

function handle(r)
	r.status = 200
	r.content_type = "text/event-stream"
	r:puts(("retry: %d\n\n"):format(math.random(2000, 3000)))
	return apache2.OK
end
