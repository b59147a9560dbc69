using Lodestone.Core;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Lodestone.Hub;

/// <summary>How whoever asks a gate is let in.</summary>
internal enum GateMode
{
    /// <summary>At once.</summary>
    Auto,

    /// <summary>When the owner says so.</summary>
    Manual,
}

internal static class GateModes
{
    public static string ToWire(this GateMode mode) => mode is GateMode.Auto ? "auto" : "manual";

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static GateMode Parse(string text) => text switch
    {
        "auto" => GateMode.Auto,
        "manual" => GateMode.Manual,
        _ => throw new Refusal(RefusalCode.Invalid, "\"gated\" must be one of [auto, manual, false].") { Param = "gated" },
    };
}

internal sealed class GateModeConverter() : ValueConverter<GateMode, string>(mode => mode.ToWire(), text => GateModes.Parse(text));
