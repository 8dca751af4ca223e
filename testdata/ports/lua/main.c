/* Lua: a program with a loop, and a library function. */
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static int lua_sum(void)
{
	lua_State *l = luaL_newstate();
	int ok;

	luaL_openlibs(l);
	ok = luaL_dostring(l, "local s = 0 for i = 1, 10 do s = s + i end return s, string.format('%.1f', 1/4)") == 0 &&
	     lua_tointeger(l, -2) == 55 && strcmp(lua_tostring(l, -1), "0.2") == 0;
	lua_close(l);
	return ok;
}

int main(void)
{
	return lua_sum() ? 0 : 1;
}
