# SPDX-License-Identifier: ISC
# Made by "make completions" from the table of the options.
# bash splits words at = and at :, too.
_sse_fcgi() {
	local n=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} option path=

	COMPREPLY=()
	if [[ $cur == : ]]; then
		cur='' path=${COMP_WORDS[n-1]} n=$((n - 1))
	elif ((n >= 3)) && [[ ${COMP_WORDS[n-1]} == : ]]; then
		path=${COMP_WORDS[n-2]} n=$((n - 2))
	fi
	if [[ ${COMP_WORDS[n]} == = ]]; then
		cur='' option=${COMP_WORDS[n-1]}
	elif [[ ${COMP_WORDS[n-1]} == = ]] && ((n >= 2)); then
		option=${COMP_WORDS[n-2]}
	else
		option=${COMP_WORDS[n-1]}
	fi
	case $option in
	--waves)
		mapfile -t COMPREPLY < <(compgen -W 'auto always off' -- "$cur")
		;;
	--log-format)
		mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur")
		;;
	--probe-role)
		mapfile -t COMPREPLY < <(compgen -W 'ready health' -- "$cur")
		;;
	--store|--redis-password-file|--ticket-key|--log)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	--listen|--redis|--probe)
		if [[ $path == unix ]]; then
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		elif [[ -z $path ]]; then
			compopt -o nospace
			mapfile -t COMPREPLY < <(compgen -W unix: -- "$cur")
		fi
		;;
	--user)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		;;
	--group)
		mapfile -t COMPREPLY < <(compgen -g -- "$cur")
		;;
	--interval|--heartbeat|--retry|--max-streams|--max-per-address|--max-per-subject|--stall|--max-age|--drain|--history|--history-age|--history-bytes|--channel|--max-channels|--max-event|--max-body|--feed-grace|--redis-key|--redis-history|--redis-user|--redis-db|--redis-wait|--redis-sentinel|--ticket-skew|--make-ticket|--probe-time)
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W '--listen
			--user
			--group
			--interval
			--heartbeat
			--retry
			--max-streams
			--max-per-address
			--max-per-subject
			--stall
			--max-age
			--drain
			--history
			--history-age
			--history-bytes
			--channel
			--max-channels
			--max-event
			--max-body
			--feed-grace
			--store
			--redis
			--redis-key
			--redis-history
			--redis-user
			--redis-password-file
			--redis-db
			--redis-wait
			--redis-sentinel
			--ticket-key
			--ticket-skew
			--waves
			--log
			--log-format
			--verbose
			--make-ticket
			--probe
			--probe-role
			--probe-time
			--check
			--version
			--help' -- "$cur")
		;;
	esac
}
complete -F _sse_fcgi sse-fcgi
