// Mustache's inheritance, done once when templates are loaded: a template says {{<layout}}, fills
// the layout's blocks {{$name}}…{{/name}}, and ends with {{/layout}}.
#pragma once

#include <string>
#include <string_view>

namespace coupon {

// `text` with its blocks put into `layout`, whose own text stays in those that it does not fill; as
// it is where it uses no layout. Throws TemplateError.
std::string laid_out(std::string_view text, std::string_view layout);

}  // namespace coupon
