# A real Home Assistant on the loopback, to be sourced by a script that has `work`, `started`, `fail` and `free_port` as
# ../kafka/servers.sh gives them; it ends with that script. Needs Python 3.11. What is downloaded is kept in KNOWATT_TEST_CACHE.
#     start_home_assistant                  sets `home_assistant`, its address, and `token`
#     home_assistant_uses_mqtt HOST PORT    adds the MQTT integration
#     home COMMAND...                       asks it: see home_assistant.py
# It has, to be spoken to: media_player.bedroom, tts.google_say, tts.speak with the entity tts.lab, and notify.phone. What came last,
# as `data`, and how many came, as the state, is in sensor.knowatt_alert (the event `knowatt_alert`) and sensor.phone (notify.phone).
notify_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$notify_folder/../engines/setup.sh"

# Prints the folder of its environment; uv makes it in seconds instead of minutes.
home_assistant_environment() {
    local folder
    folder=$cache/home-assistant-$(sha256sum < "$notify_folder/home-assistant.txt" | cut -c1-16)
    # shellcheck disable=SC2016
    [ -e "$folder/complete" ] || alone sh -c '
        [ ! -e "$1/complete" ] || exit 0
        rm -rf "$1"
        "$2" venv -q --python 3.11 "$1" && "$2" pip install -q --python "$1/bin/python" -r "$3" && touch "$1/complete"
    ' sh "$folder" "$(dirname "$(python_with uv==0.13.8)")/uv" "$notify_folder/home-assistant.txt" >&2
    echo "$folder"
}

# Runs it with the configuration folder until it answers; sets `home_assistant` and `home_assistant_process`.
run_home_assistant() { # FOLDER
    local port log=$work/home-assistant.log
    port=$(free_port)
    home_assistant=http://127.0.0.1:$port
    cp -r "$notify_folder/custom_components" "$1"
    cat > "$1/configuration.yaml" << Y
homeassistant: {name: lab, unit_system: metric, time_zone: UTC, latitude: 0, longitude: 0, elevation: 0, country: GB, internal_url: "$home_assistant", external_url: "$home_assistant"}
http: {server_host: 127.0.0.1, server_port: $port}
logger: {default: warning}
api:
auth:
onboarding:
config:
frontend:
demo:
lab:
media_player:
tts: [{platform: demo, service_name: google_say}]
notify: [{platform: demo, name: phone}]
template:
  - trigger: {platform: event, event_type: knowatt_alert}
    sensor:
      name: knowatt alert
      state: &count "{{ this.state | int(0) + 1 }}"
      attributes: &data {data: "{{ dict(trigger.event.data) }}"}
  - trigger: {platform: event, event_type: notify}
    sensor: {name: phone, state: *count, attributes: *data}
Y
    "$home_assistant_python" -m homeassistant -c "$1" --skip-pip > "$log" 2>&1 &
    home_assistant_process=$!
    started+=("$home_assistant_process")
    for _ in $(seq 600); do
        # In recovery mode it listens on all interfaces.
        if grep -q "recovery mode" "$log" || ! kill -0 "$home_assistant_process" 2> /dev/null; then
            kill "$home_assistant_process" 2> /dev/null || true
            tail -n 40 "$log" >&2
            fail "Home Assistant did not start"
        fi
        curl -s -o /dev/null "$home_assistant/api/onboarding" && return
        sleep 0.1
    done
    fail "Home Assistant does not answer"
}

home() { HOME_ASSISTANT=$home_assistant HOME_ASSISTANT_TOKEN=${token:-} "$home_assistant_python" "$notify_folder/home_assistant.py" "$@"; }

# Somebody moves in once, which takes longer than all else; what is known of them is kept.
start_home_assistant() {
    local environment kept
    environment=$(home_assistant_environment)
    home_assistant_python=$environment/bin/python
    kept=$environment/owner
    if [ ! -e "$kept/token" ]; then
        rm -rf "$kept" && mkdir -p "$kept"
        run_home_assistant "$kept"
        token=
        token=$(home owner) || fail "nobody could move into Home Assistant"
        kill "$home_assistant_process"
        wait "$home_assistant_process" 2> /dev/null || true
        unset 'started[-1]'
        echo "$token" > "$kept/token"
    fi
    token=$(cat "$kept/token")
    mkdir -p "$work/home-assistant/.storage"
    cp "$kept"/.storage/{auth,auth_provider.homeassistant,onboarding} "$work/home-assistant/.storage"
    run_home_assistant "$work/home-assistant"
    home ready || fail "Home Assistant is not ready"
}

home_assistant_uses_mqtt() { home mqtt "$1" "$2"; } # HOST PORT
