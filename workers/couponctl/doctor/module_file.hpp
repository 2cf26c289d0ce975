// What a module's file says of itself, without loading it.
#pragma once

#include <string>

#include "couponctl/doctor/judges/programs.hpp"

namespace coupon::doctor {

ModuleFacts read_module_file(const std::string& path);

// The signature that NGINX and its modules carry as a text; empty: there is none in the file.
std::string signature_in(const std::string& bytes);

}  // namespace coupon::doctor
