// A journal folder with a damaged segment, under any name: it is listed, and what is read of it is
// what was written under that number. First line of the input: the file's name; then changes as
// overwrite() takes them.
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <new>

#include "check.hpp"
#include "journal/reader.hpp"
#include "journal/record.hpp"
#include "journal/segment_header.hpp"
#include "scratch.hpp"

namespace {

constexpr size_t file_bytes = 8192;
constexpr uint32_t records = 40;

coupon::Uuid segment() {
    return *coupon::parse_uuid("0b5e3c4a-77a1-4c55-9d7e-1f2a3b4c5d6e");
}

std::string payload(uint32_t seq) {
    return std::to_string(seq) + std::string(seq % 40, 'x');
}

std::string written() {
    struct Image {
        alignas(coupon::SegmentHeader) char bytes[file_bytes] = {};
    } image;
    new (image.bytes) coupon::SegmentHeader;
    reinterpret_cast<coupon::SegmentHeader*>(image.bytes)
        ->begin({segment(), coupon::JournalKind::clicks, file_bytes, 1, "edge"});
    size_t at = coupon::kSegmentHeader_bytes;
    for (uint32_t seq = 0; seq < records; ++seq) {
        const auto text = payload(seq);
        char* room = image.bytes + at + coupon::kRecordHeader_bytes;
        std::memcpy(room, text.data(), text.size());
        coupon::publish_record(coupon::record_key(segment()), room,
                               static_cast<uint32_t>(text.size()), seq);
        at += coupon::record_bytes(text.size());
    }
    return {image.bytes, file_bytes};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::string original = written();
    static const std::string folder = scratch_folder();
    static const std::string writer =
        coupon::writer_path(folder, *coupon::parse_uuid("11111111-2222-4333-8444-555555555555"));
    static const bool made = std::filesystem::create_directories(writer) &&
                             std::filesystem::create_directories(coupon::settled_path(folder));
    check(made);
    auto input = text_of(data, size);
    std::string name(take_until(input).substr(0, 200));
    const bool settled = name.starts_with('@');
    name.erase(0, settled ? 1 : 0);
    std::replace_if(name.begin(), name.end(), [](char c) { return c == '/' || c == '\0'; }, '_');
    if (name.empty() || name == "." || name == ".." || name == "lock") {
        name = coupon::segment_name(coupon::JournalKind::clicks, segment());
    }
    auto file = original;
    overwrite(file.data(), file.size(), input);
    const auto path = (settled ? coupon::settled_path(folder) : writer) + "/" + name;
    write_file(path, file);

    std::string error;
    const auto reader = coupon::JournalReader::open(folder, error);
    check(reader != nullptr);
    for (const auto& found : reader->list(true)) {
        check(found.path == path && found.retired == settled && found.edge.size() <= 63);
        check(found.file_bytes == file_bytes && is_printable(found.edge));
        uint32_t readable = 0;
        int64_t last = -1;
        const auto result = reader->read(found, [&](uint32_t seq, std::string_view text) {
            check(seq > last && seq < coupon::records_max(file_bytes));
            check(found.id != segment() || text == payload(seq));
            last = seq;
            ++readable;
        });
        check(result.records == readable);
    }
    unlink(path.c_str());
    return 0;
}
