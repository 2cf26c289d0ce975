# Read by NGINX's auto/make after our objects' rules: C++20 for them alone.
for coupon_src in $coupon_srcs; do
    coupon_obj=addon/$(basename "$(dirname "$coupon_src")")/$(basename "$coupon_src" .cpp).$ngx_objext
    printf '%s: CFLAGS += -std=c++20 -Wno-error -Wno-missing-field-initializers -I%s\n' \
        "$NGX_OBJS/$coupon_obj" "$(pg_config --includedir)" >> "$NGX_MAKEFILE"
done
