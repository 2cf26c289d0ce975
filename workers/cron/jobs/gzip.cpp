#include "cron/jobs/gzip.hpp"

#include <zlib.h>

#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr int window_bits_gzip = 15 + 16;
constexpr int memory_level = 8;

}  // namespace

std::string gzip(std::string_view text) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits_gzip, memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        throw CommandError("there is no memory to compress with");
    }
    std::string packed(deflateBound(&stream, text.size()), '\0');
    // zlib does not write through next_in, it only lacks the const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const auto result = deflate(&stream, Z_FINISH);
    packed.resize(packed.size() - stream.avail_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END) {
        throw CommandError("a text of " + std::to_string(text.size()) +
                           " bytes cannot be compressed");
    }
    return packed;
}

}  // namespace coupon
