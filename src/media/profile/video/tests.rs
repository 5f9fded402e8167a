use super::*;
use crate::media::codec::AudioCodec::{Aac, Ac3, AmrNb, Dts, Eac3, Lpcm, Mp2, Mp3};
use crate::media::codec::Language;
use crate::media::codec::VideoCodec::{H264, Mpeg1, Mpeg2};

fn film(codec: VideoCodec, profile: u8, level: u8, size: (u32, u32), sound: Sound) -> Streams {
    let video = Video {
        codec: Some(codec),
        profile: Some(profile),
        level: Some(level),
        width: Some(size.0),
        height: Some(size.1),
        frame_rate: FrameRate::new(24, 1),
        interlaced: Some(false),
    };
    Streams {
        video: Some(video),
        sounds: vec![sound],
        captions: vec![Language::UNKNOWN],
    }
}

fn sound(codec: AudioCodec, channels: u8) -> Sound {
    Sound {
        object_type: (codec == Aac).then_some(2),
        sample_rate: Some(48_000),
        channels: Some(channels),
        ..Sound::of(Some(codec))
    }
}

fn avc_film(profile: u8, level: u8, size: (u32, u32), codec: AudioCodec, channels: u8) -> Streams {
    film(H264, profile, level, size, sound(codec, channels))
}

fn at(mut streams: Streams, interlaced: bool, num: u64, den: u64) -> Streams {
    let video = streams.video.as_mut().unwrap();
    video.interlaced = Some(interlaced);
    video.frame_rate = FrameRate::new(num, den);
    streams
}

fn ts(streams: &Streams, bits_per_sec: u64) -> Option<&'static str> {
    transport_stream(streams, Packets::Plain, Some(bits_per_sec)).map(Profile::name)
}

#[test]
fn every_code_finds_its_own_name() {
    for (i, expected) in (FIRST..).zip(NAMES) {
        let profile = Profile::from_code(i).unwrap();
        assert_eq!((profile.code(), profile.name()), (i, *expected));
    }
    assert_eq!(Profile::from_code(FIRST + 78), None);
    assert_eq!(Profile::from_code(FIRST - 1), None);
    assert_eq!((MPEG1.name(), WMVHIGH_PRO.name()), ("MPEG1", "WMVHIGH_PRO"));
    assert_eq!(
        (AVC_MP4_HP_HD_AAC.name(), AVC_TS_HD_50_LPCM_T.name()),
        ("AVC_MP4_HP_HD_AAC", "AVC_TS_HD_50_LPCM_T")
    );
}

#[test]
fn program_streams_go_by_lines() {
    let named = |codec, size, audio, packs| {
        program_stream(&film(codec, 4, 8, size, sound(audio, 2)), packs).map(Profile::name)
    };
    let rows = [
        (Mpeg1, (352, 288), Mp2, false, Some("MPEG1")),
        (Mpeg1, (352, 240), Mp2, false, Some("MPEG1")),
        (Mpeg1, (320, 240), Mp2, false, None),
        (Mpeg1, (352, 288), Ac3, false, None),
        (Mpeg2, (720, 576), Ac3, true, Some("MPEG_PS_PAL")),
        (Mpeg2, (352, 288), Mp2, true, Some("MPEG_PS_PAL")),
        (Mpeg2, (704, 480), Lpcm, true, Some("MPEG_PS_NTSC")),
        (Mpeg2, (320, 180), Ac3, true, None),
        (Mpeg2, (1440, 480), Ac3, true, None),
        (Mpeg2, (720, 576), Aac, true, None),
        (H264, (720, 576), Ac3, true, None),
    ];
    for (codec, size, audio, packs, expected) in rows {
        assert_eq!(
            named(codec, size, audio, packs),
            expected,
            "{codec:?} {size:?} {audio:?}"
        );
    }
}

#[test]
fn the_suffix_of_a_transport_stream_goes_by_its_packets() {
    let film = film(Mpeg2, 4, 8, (720, 576), sound(Mp2, 2));
    let named = |packets| transport_stream(&film, packets, None).map(Profile::name);
    assert_eq!(named(Packets::Plain), Some("MPEG_TS_SD_EU_ISO"));
    assert_eq!(named(Packets::Stamped), Some("MPEG_TS_SD_EU_T"));
    assert_eq!(named(Packets::Unstamped), Some("MPEG_TS_SD_EU"));
}

#[test]
fn mpeg2_in_transport_streams_goes_by_size() {
    let of = |profile, size, audio| ts(&film(Mpeg2, profile, 8, size, sound(audio, 2)), 1);
    assert_eq!(of(4, (1920, 1080), Ac3), Some("MPEG_TS_HD_NA_ISO"));
    assert_eq!(of(4, (1280, 720), Ac3), Some("MPEG_TS_HD_NA_ISO"));
    assert_eq!(of(4, (720, 480), Ac3), Some("MPEG_TS_SD_NA_ISO"));
    assert_eq!(of(4, (640, 426), Mp2), None);
    assert_eq!(of(5, (720, 480), Ac3), None);
    assert_eq!(of(4, (720, 480), Dts), None);
    let japan = film(Mpeg2, 4, 4, (1440, 1080), sound(Aac, 2));
    assert_eq!(
        transport_stream(&japan, Packets::Stamped, None).map(Profile::name),
        Some("MPEG_TS_JP_T")
    );
    assert_eq!(transport_stream(&japan, Packets::Plain, None), None);
}

#[test]
fn h264_in_transport_streams_goes_by_profile_size_rate_and_sound() {
    #[rustfmt::skip]
    let rows = [
        (BASELINE, 30, (352, 288), Ac3, 2, 3, Some("AVC_TS_BL_CIF30_AC3_ISO")),
        (BASELINE, 30, (352, 288), Aac, 2, 3, Some("AVC_TS_BL_CIF30_AAC_MULT5_ISO")),
        (BASELINE, 30, (352, 288), Mp3, 2, 3, Some("AVC_TS_BL_CIF30_MPEG1_L3_ISO")),
        (BASELINE, 30, (352, 288), Mp3, 2, 4, Some("AVC_TS_MP_SD_MPEG1_L3_ISO")),
        (MAIN, 30, (720, 576), Ac3, 6, 10, Some("AVC_TS_MP_SD_AC3_ISO")),
        (MAIN, 30, (720, 576), Aac, 6, 10, Some("AVC_TS_MP_SD_AAC_MULT5_ISO")),
        (MAIN, 30, (720, 576), Aac, 8, 10, None),
        (MAIN, 30, (720, 576), Ac3, 6, 11, Some("AVC_TS_MP_HD_AC3_ISO")),
        (MAIN, 41, (1920, 1088), Aac, 2, 20, Some("AVC_TS_MP_HD_AAC_MULT5_ISO")),
        (MAIN, 41, (1920, 1080), Mp3, 2, 20, Some("AVC_TS_MP_HD_MPEG1_L3_ISO")),
        (MAIN, 41, (1920, 1080), Ac3, 2, 21, None),
        (HIGH, 41, (1920, 1080), Ac3, 6, 30, Some("AVC_TS_HP_HD_AC3_ISO")),
        (HIGH, 41, (1920, 1080), Ac3, 6, 31, None),
        (HIGH, 51, (1920, 1080), Ac3, 6, 20, None),
        (HIGH, 41, (1920, 1080), Aac, 2, 20, None),
        (HIGH, 41, (1920, 1080), Eac3, 6, 20, None),
        (110, 41, (1920, 1080), Ac3, 6, 20, None),
    ];
    for (profile, level, size, audio, channels, mbit, expected) in rows {
        let film = avc_film(profile, level, size, audio, channels);
        assert_eq!(
            ts(&film, mbit * MBIT),
            expected,
            "{profile} {size:?} {audio:?} {mbit}"
        );
    }
}

#[test]
fn broadcasts_in_h264_have_profiles_of_their_own() {
    let of = |size, fields, num, den, audio| {
        ts(
            &at(avc_film(HIGH, 40, size, audio, 2), fields, num, den),
            8 * MBIT,
        )
    };
    assert_eq!(
        of((1920, 1080), true, 30_000, 1001, Ac3),
        Some("AVC_TS_HD_60_AC3_ISO")
    );
    assert_eq!(
        of((1280, 720), false, 60_000, 1001, Ac3),
        Some("AVC_TS_HD_60_AC3_ISO")
    );
    assert_eq!(
        of((1440, 1080), true, 25, 1, Ac3),
        Some("AVC_TS_HD_50_AC3_ISO")
    );
    assert_eq!(
        of((720, 576), true, 25, 1, Ac3),
        Some("AVC_TS_HD_50_AC3_ISO")
    );
    assert_eq!(
        of((1920, 1080), false, 25, 1, Ac3),
        Some("AVC_TS_HP_HD_AC3_ISO")
    );
    assert_eq!(
        of((1920, 1080), false, 24, 1, Dts),
        Some("AVC_TS_HD_DTS_ISO")
    );
    assert_eq!(of((720, 576), false, 24, 1, Dts), None);
    assert_eq!(
        of((1920, 1080), true, 25, 1, Mp2),
        Some("AVC_TS_HP_HD_MPEG1_L2_ISO")
    );
    let camera = at(avc_film(HIGH, 40, (1920, 1080), Lpcm, 2), true, 25, 1);
    assert_eq!(
        transport_stream(&camera, Packets::Stamped, Some(MBIT)).map(Profile::name),
        Some("AVC_TS_HD_50_LPCM_T")
    );
    assert_eq!(transport_stream(&camera, Packets::Plain, Some(MBIT)), None);
}

#[test]
fn h264_in_mp4_goes_by_profile_level_size_rate_and_sound() {
    #[rustfmt::skip]
    let rows = [
        (BASELINE, 12, (176, 144), AmrNb, 1, 500, Some("AVC_MP4_BL_CIF15_AMR")),
        (BASELINE, 12, (352, 288), Aac, 2, 519, Some("AVC_MP4_BL_CIF15_AAC_520")),
        (BASELINE, 12, (352, 288), Aac, 2, 900, Some("AVC_MP4_BL_CIF30_AAC_940")),
        (BASELINE, 30, (352, 288), Aac, 2, 1000, Some("AVC_MP4_BL_L3L_SD_AAC")),
        (BASELINE, 30, (720, 576), Aac, 2, 5000, Some("AVC_MP4_BL_L3L_SD_AAC")),
        (BASELINE, 31, (1280, 720), Aac, 2, 15_000, Some("AVC_MP4_BL_L31_HD_AAC")),
        (BASELINE, 32, (1280, 720), Aac, 2, 21_000, Some("AVC_MP4_BL_L32_HD_AAC")),
        (BASELINE, 40, (1920, 1080), Aac, 2, 9000, None),
        (MAIN, 30, (720, 576), Ac3, 6, 10_000, Some("AVC_MP4_MP_SD_AC3")),
        (MAIN, 30, (720, 576), Aac, 6, 10_000, Some("AVC_MP4_MP_SD_AAC_MULT5")),
        (MAIN, 30, (720, 576), Mp3, 2, 10_000, Some("AVC_MP4_MP_SD_MPEG1_L3")),
        (MAIN, 31, (1280, 720), Aac, 2, 15_000, Some("AVC_MP4_MP_HD_720p_AAC")),
        (MAIN, 40, (1920, 1080), Aac, 2, 21_000, Some("AVC_MP4_MP_HD_1080i_AAC")),
        (HIGH, 40, (1920, 1080), Aac, 2, 25_000, Some("AVC_MP4_HP_HD_AAC")),
        (HIGH, 40, (320, 180), Aac, 1, 300, Some("AVC_MP4_HP_HD_AAC")),
        (HIGH, 40, (1920, 1080), Aac, 6, 8000, None),
        (HIGH, 51, (1920, 1080), Aac, 2, 8000, None),
        (HIGH, 40, (1920, 1080), Aac, 2, 25_001, None),
        (HIGH, 40, (1080, 1920), Aac, 2, 8000, None),
        (122, 40, (1920, 1080), Aac, 2, 8000, None),
    ];
    for (profile, level, size, audio, channels, kbit, expected) in rows {
        let found = mp4(
            &avc_film(profile, level, size, audio, channels),
            kbit * 1000,
        );
        assert_eq!(
            found.map(Profile::name),
            expected,
            "{profile} {level} {size:?} {audio:?} {kbit}"
        );
    }
}

#[test]
fn mpeg4_part_2_goes_by_its_own_profile() {
    let film = |profile, level, size, codec| {
        film(VideoCodec::Mpeg4, profile, level, size, sound(codec, 1))
    };
    let named = |profile, size, kbit: u64| {
        mp4(&film(profile, 3, size, Aac), kbit * 1000).map(Profile::name)
    };
    assert_eq!(
        named(mpeg4::ADVANCED_SIMPLE, (352, 288), 1000),
        Some("MPEG4_P2_MP4_ASP_AAC")
    );
    assert_eq!(
        named(mpeg4::SIMPLE, (640, 480), 4000),
        Some("MPEG4_P2_MP4_SP_VGA_AAC")
    );
    assert_eq!(named(mpeg4::ADVANCED_SIMPLE, (640, 480), 4000), None);
    let phone = |level, codec| {
        third_generation(&film(mpeg4::SIMPLE, level, (176, 144), codec)).map(Profile::name)
    };
    assert_eq!(
        phone(mpeg4::SIMPLE_L0B, Aac),
        Some("MPEG4_P2_3GPP_SP_L0B_AAC")
    );
    assert_eq!(phone(8, AmrNb), Some("MPEG4_P2_3GPP_SP_L0B_AMR"));
    assert_eq!(phone(3, AmrNb), None);
}

#[test]
fn windows_media_goes_by_profile_size_rate_and_sound() {
    // First byte of the sequence header, size, kbit/s, sound.
    const SLOW: u8 = 3 << 1;
    const FAST: u8 = 5 << 1;
    const MAIN: u8 = 4 << 4 | FAST;
    let rows = [
        (SLOW, (176, 144), 96, Wma::Base, Some("WMVSPLL_BASE")),
        (FAST, (176, 144), 96, Wma::Base, Some("WMVSPML_BASE")),
        (SLOW, (176, 144), 97, Wma::Base, Some("WMVSPML_BASE")),
        (SLOW, (352, 288), 384, Wma::Mp3, Some("WMVSPML_MP3")),
        (FAST, (240, 176), 384, Wma::Mp3, Some("WMVSPML_MP3")),
        (FAST, (352, 288), 384, Wma::Mp3, None),
        (FAST, (352, 288), 384, Wma::Base, Some("WMVMED_BASE")),
        (MAIN, (176, 144), 90, Wma::Base, Some("WMVMED_BASE")),
        (MAIN, (720, 480), 9_000, Wma::Full, Some("WMVMED_FULL")),
        (MAIN, (720, 576), 10_000, Wma::Pro, Some("WMVMED_PRO")),
        (MAIN, (720, 576), 10_001, Wma::Full, Some("WMVHIGH_FULL")),
        (MAIN, (1280, 720), 8_000, Wma::Full, Some("WMVHIGH_FULL")),
        (MAIN, (1920, 1080), 20_000, Wma::Pro, Some("WMVHIGH_PRO")),
        (MAIN, (1920, 1080), 20_001, Wma::Pro, None),
        (MAIN, (1920, 1080), 8_000, Wma::Base, None),
        (MAIN, (640, 480), 1_000, Wma::Mp3, None),
        (MAIN, (3840, 2160), 8_000, Wma::Pro, None),
        // Complex, and advanced.
        (8 << 4, (320, 240), 300, Wma::Base, None),
        (12 << 4, (320, 240), 300, Wma::Base, None),
    ];
    for (first, size, kbits, sound, want) in rows {
        let film = Wmv::new([first, 0, 0, 0], size, kbits * 1000);
        let found = film.and_then(|film| advanced_systems(film, sound));
        let row = format!("{first:#X} {size:?} {kbits} {sound:?}");
        assert_eq!(found.map(Profile::name), want, "{row}");
    }
}

#[test]
fn what_is_not_known_earns_nothing() {
    let whole = avc_film(HIGH, 40, (1920, 1080), Aac, 2);
    assert!(mp4(&whole, MBIT).is_some());
    let without = |change: &dyn Fn(&mut Streams)| {
        let mut streams = whole.clone();
        change(&mut streams);
        mp4(&streams, MBIT)
    };
    assert_eq!(without(&|s| s.video = None), None);
    assert_eq!(without(&|s| s.sounds.clear()), None);
    assert_eq!(without(&|s| s.sounds[0].object_type = None), None);
    assert_eq!(without(&|s| s.sounds[0].channels = None), None);
    assert_eq!(without(&|s| s.sounds[0].sample_rate = Some(22_050)), None);
    let blanks: [fn(&mut Video); 4] = [
        |v: &mut Video| v.profile = None,
        |v: &mut Video| v.level = None,
        |v: &mut Video| v.width = None,
        |v: &mut Video| v.codec = None,
    ];
    for blank in blanks {
        assert_eq!(without(&|s| blank(s.video.as_mut().unwrap())), None);
    }
    assert_eq!(mp4(&whole, 0), None);
    assert_eq!(transport_stream(&whole, Packets::Plain, None), None);
    let hevc = film(VideoCodec::Hevc, 1, 93, (1920, 1080), sound(Aac, 2));
    assert_eq!((mp4(&hevc, MBIT), ts(&hevc, MBIT)), (None, None));
}
