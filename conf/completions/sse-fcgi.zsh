#compdef sse-fcgi
# SPDX-License-Identifier: ISC
# Made by "make completions" from the table of the options.
_arguments -S \
	'*--listen=[Listen on unix\:/path\[\:mode\], host\:port or \[v6\]\:port, all addresses of the host]:ADDRESS:{ compset -P unix\: && _files || compadd -S "" unix\: }' \
	'--user=[For root\: become this user, for good, as soon as the sockets and the keys are open]:NAME:_users' \
	'--group=[In place of that user'\''s own group]:NAME:_groups' \
	'--interval=[Time between two messages of the clock]:SEC:' \
	'--heartbeat=[Send a comment, or to channels'\'' streams an event of type position, to a stream that got nothing for so long]:SEC:' \
	'--retry=[How soon a browser comes back, in milliseconds]:MS:' \
	'--max-streams=[Streams at a time]:N:' \
	'--max-per-address=[Streams at a time for one REMOTE_ADDR, or for one /64 of IPv6]:N:' \
	'--max-per-subject=[Streams at a time with tickets of one subject (sub), its feeds counted too]:N:' \
	'--stall=[Close a stream that takes nothing for so long, once the kernel holds all it can for it]:SEC:' \
	'--max-age=[End a stream after this time, or up to a quarter sooner, by chance]:SEC:' \
	'--drain=[At the end of the program, spread the ends of many streams over up to this time]:SEC:' \
	'--history=[Events held for each channel, for streams that come back or are slow]:N:' \
	'--history-age=[How long an event is held]:SEC:' \
	'--history-bytes=[Bytes of all events together, those still being written to slow streams included]:BYTES:' \
	'*--channel=[For each channel whose name begins with PREFIX\: its own --history and --history-age, and the bytes of its events]:PREFIX\:history=N,age=SEC,bytes=BYTES:' \
	'--max-channels=[Channels at a time that were published to, and as many that only streams have named]:N:' \
	'--max-event=[The data and the type of one published event]:BYTES:' \
	'--max-body=[The body of one POST]:BYTES:' \
	'--feed-grace=[When a feed'\''s producer has died, wait so long for it or another to come]:SEC:' \
	'--store=[Keep the channels and their events in this SQLite database, so that they outlive the process]:FILE:_files' \
	'--redis=[Share the channels and their events with other processes, through a stream of the Redis at unix\:/path, host\:port or \[v6\]\:port]:ADDRESS:{ compset -P unix\: && _files || compadd -S "" unix\: }' \
	'--redis-key=[The key of that stream]:KEY:' \
	'--redis-history=[Entries that the stream keeps, about]:N:' \
	'--redis-user=[The account there]:NAME:' \
	'--redis-password-file=[Its password is the first line of this file, which is read for each connection]:FILE:_files' \
	'--redis-db=[The number of the database there]:N:' \
	'--redis-wait=[A publication is answered when so many replicas have it]:N:' \
	'--redis-sentinel=[The addresses are those of Sentinels, which are asked where the master of this name is]:NAME:' \
	'*--ticket-key=[A key that signs tickets]:FILE:_files' \
	'--ticket-skew=[How wrong the clock may be of whoever makes the tickets\: by so much longer they are good, and sooner]:SEC:' \
	'--waves=[Write to many streams in one system call, by io_uring, where the kernel lets us and it is worth it]:auto|always|off:(auto always off)' \
	'--log=[Where the log goes]:stderr|FILE:_files' \
	'--log-format=[What a line of the log is\: text for people, or an object for programs]:text|json:(text json)' \
	'--verbose[Log each stream'\''s opening and closing too]' \
	'--make-ticket=[Print a ticket signed with the first --ticket-key, and end]:CLAIMS:' \
	'--probe=[Ask the process that listens there, which is written as for --listen, whether it is ready, and end]:ADDRESS:{ compset -P unix\: && _files || compadd -S "" unix\: }' \
	'--probe-role=[What --probe asks\: whether it is ready, or only whether it is alive]:ready|health:(ready health)' \
	'--probe-time=[How long --probe waits for the answer]:SEC:' \
	'--check[Check the options, and end]' \
	'--version[Print the version, and end]' \
	'--help[Print this list, and end]'
