# Read by NGINX's auto/make after our objects' rules: C++20 for them alone, and the version they tell.
coupon_version=$(sed -n 's/^project(coupon VERSION \([0-9.]*\).*/\1/p' "$coupon_root/../CMakeLists.txt")
for coupon_src in $coupon_srcs; do
    coupon_obj=addon/$(basename "$(dirname "$coupon_src")")/$(basename "$coupon_src" .cpp).$ngx_objext
    printf '%s: CFLAGS += -std=c++20 -DCOUPON_VERSION=\\"%s\\" -Wno-error -Wno-missing-field-initializers -I%s\n' \
        "$NGX_OBJS/$coupon_obj" "$coupon_version" "$(pg_config --includedir)" >> "$NGX_MAKEFILE"
done
