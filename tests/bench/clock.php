<?php
// SPDX-License-Identifier: ISC
//
// The clock as a PHP script, for comparison: each stream holds one PHP-FPM
// worker for as long as it lasts.

header('Content-Type: text/event-stream');
header('Cache-Control: no-cache, no-store, no-transform');
header('X-Accel-Buffering: no');

$interval = (float)($_SERVER['INTERVAL'] ?? 2);
$turn = microtime(true);
for ($count = 1; !connection_aborted(); $count++) {
	$now = DateTime::createFromFormat('U.u', sprintf('%.6f', microtime(true)));
	printf("id: %d\ndata: Message: %d - the time is %s000 +0000 UTC\n\n",
	    $count, $count, $now->format('Y-m-d H:i:s.u'));
	flush();
	$turn += $interval;
	time_sleep_until($turn);
}
