# SPDX-License-Identifier: ISC
# Made by "make completions" from the table of the options.
complete -c sse-fcgi -f
complete -c sse-fcgi -l listen -d 'Listen on unix:/path[:mode], host:port or [v6]:port, all addresses of the host' -x -a 'unix:(__fish_complete_path (commandline -ct | string replace -r "^(--[a-z-]+=)?unix:" ""))'
complete -c sse-fcgi -l user -d 'For root: become this user, for good, as soon as the sockets and the keys are open' -x -a '(__fish_complete_users)'
complete -c sse-fcgi -l group -d 'In place of that user'\''s own group' -x -a '(__fish_complete_groups)'
complete -c sse-fcgi -l interval -d 'Time between two messages of the clock' -x
complete -c sse-fcgi -l heartbeat -d 'Send a comment, or to channels'\'' streams an event of type position, to a stream that got nothing for so long' -x
complete -c sse-fcgi -l retry -d 'How soon a browser comes back, in milliseconds' -x
complete -c sse-fcgi -l max-streams -d 'Streams at a time' -x
complete -c sse-fcgi -l max-per-address -d 'Streams at a time for one REMOTE_ADDR, or for one /64 of IPv6' -x
complete -c sse-fcgi -l max-per-subject -d 'Streams at a time with tickets of one subject (sub), its feeds counted too' -x
complete -c sse-fcgi -l stall -d 'Close a stream that takes nothing for so long, once the kernel holds all it can for it' -x
complete -c sse-fcgi -l max-age -d 'End a stream after this time, or up to a quarter sooner, by chance' -x
complete -c sse-fcgi -l drain -d 'At the end of the program, spread the ends of many streams over up to this time' -x
complete -c sse-fcgi -l history -d 'Events held for each channel, for streams that come back or are slow' -x
complete -c sse-fcgi -l history-age -d 'How long an event is held' -x
complete -c sse-fcgi -l history-bytes -d 'Bytes of all events together, those still being written to slow streams included' -x
complete -c sse-fcgi -l channel -d 'For each channel whose name begins with PREFIX: its own --history and --history-age, and the bytes of its events' -x
complete -c sse-fcgi -l max-channels -d 'Channels at a time that were published to, and as many that only streams have named' -x
complete -c sse-fcgi -l max-event -d 'The data and the type of one published event' -x
complete -c sse-fcgi -l max-body -d 'The body of one POST' -x
complete -c sse-fcgi -l feed-grace -d 'When a feed'\''s producer has died, wait so long for it or another to come' -x
complete -c sse-fcgi -l store -d 'Keep the channels and their events in this SQLite database, so that they outlive the process' -r -F
complete -c sse-fcgi -l redis -d 'Share the channels and their events with other processes, through a stream of the Redis at unix:/path, host:port or [v6]:port' -x -a 'unix:(__fish_complete_path (commandline -ct | string replace -r "^(--[a-z-]+=)?unix:" ""))'
complete -c sse-fcgi -l redis-key -d 'The key of that stream' -x
complete -c sse-fcgi -l redis-history -d 'Entries that the stream keeps, about' -x
complete -c sse-fcgi -l redis-user -d 'The account there' -x
complete -c sse-fcgi -l redis-password-file -d 'Its password is the first line of this file, which is read for each connection' -r -F
complete -c sse-fcgi -l redis-db -d 'The number of the database there' -x
complete -c sse-fcgi -l redis-wait -d 'A publication is answered when so many replicas have it' -x
complete -c sse-fcgi -l redis-sentinel -d 'The addresses are those of Sentinels, which are asked where the master of this name is' -x
complete -c sse-fcgi -l ticket-key -d 'A key that signs tickets' -r -F
complete -c sse-fcgi -l ticket-skew -d 'How wrong the clock may be of whoever makes the tickets: by so much longer they are good, and sooner' -x
complete -c sse-fcgi -l waves -d 'Write to many streams in one system call, by io_uring, where the kernel lets us and it is worth it' -x -a 'auto always off'
complete -c sse-fcgi -l log -d 'Where the log goes' -r -F
complete -c sse-fcgi -l log-format -d 'What a line of the log is: text for people, or an object for programs' -x -a 'text json'
complete -c sse-fcgi -l verbose -d 'Log each stream'\''s opening and closing too'
complete -c sse-fcgi -l make-ticket -d 'Print a ticket signed with the first --ticket-key, and end' -x
complete -c sse-fcgi -l probe -d 'Ask the process that listens there, which is written as for --listen, whether it is ready, and end' -x -a 'unix:(__fish_complete_path (commandline -ct | string replace -r "^(--[a-z-]+=)?unix:" ""))'
complete -c sse-fcgi -l probe-role -d 'What --probe asks: whether it is ready, or only whether it is alive' -x -a 'ready health'
complete -c sse-fcgi -l probe-time -d 'How long --probe waits for the answer' -x
complete -c sse-fcgi -l check -d 'Check the options, and end'
complete -c sse-fcgi -l version -d 'Print the version, and end'
complete -c sse-fcgi -l help -d 'Print this list, and end'
