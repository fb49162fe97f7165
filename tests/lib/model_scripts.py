"""Runs the project's Lua scripts in a real Redis under a clock of our own, each key checked."""
import re
from pathlib import Path

LUA = Path(__file__).resolve().parents[2] / "src/queue/lua"
BASE = "rt:{model}:"
CLOCK = "model:now"
START_MS = 1_700_000_000_000

# Stands before prelude.lua: TIME is virtual, and a key that was not declared is an error.
SHIM = """
local real, declared = redis, {}
for _, key in ipairs(KEYS) do declared[key] = true end
local key_counts = {LMOVE = 2, PUBLISH = 0}
local redis = {sha1hex = real.sha1hex}
function redis.call(name, ...)
  if name == 'TIME' then
    local now = tonumber(real.call('GET', 'model:now'))
    return {tostring(math.floor(now / 1000)), tostring(now % 1000 * 1000)}
  end
  for i = 1, key_counts[name] or 1 do
    local key = select(i, ...)
    if not declared[key] then error('UNDECLARED ' .. name .. ' ' .. tostring(key)) end
  end
  return real.call(name, ...)
end
"""


def key(*parts):
    return BASE + ":".join(parts)


class Scripts:
    """mutations: {script name: (old text, new text)}, for a test that the model can fail."""

    def __init__(self, redis, mutations=None):
        self._redis, self._now = redis, None
        self._sha = {}
        prelude = (LUA / "prelude.lua").read_text()
        for path in LUA.glob("*.lua"):
            source = path.read_text()
            for old, new in (mutations or {}).get(path.stem, []):
                assert source.count(old) >= 1, f"{path.name} has no {old!r} any more"
                source = source.replace(old, new, 1)
            if path.stem != "prelude":
                self._sha[path.stem] = redis.script_load(SHIM + prelude + source)

    def names(self):
        return list(self._sha)

    def call(self, name, keys, args, now):
        for each in keys:
            assert each.startswith(BASE), each
        if now != self._now:
            self._redis.set(CLOCK, now)
            self._now = now
        return self._redis.execute_command("EVALSHA", self._sha[name], len(keys), *keys, *args)


def scripts_listed():
    """The names in scripts.def."""
    return re.findall(r"^X\((\w+)\)", (LUA.parent / "scripts.def").read_text(), re.M)
