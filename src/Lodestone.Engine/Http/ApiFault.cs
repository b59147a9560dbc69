namespace Lodestone.Engine.Http;

/// <summary>A request that cannot be answered, in OpenAI's terms.</summary>
internal sealed class ApiFault(int status, string message, string? param = null, string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>The member of the request at fault.</summary>
    public string? Param { get; } = param;

    public string? Code { get; } = code;

    public string Type => Status < 500 ? "invalid_request_error" : "server_error";

    public static ApiFault Invalid(string param, string message) => new(StatusCodes.Status400BadRequest, message, param, "invalid_value");

    public static ApiFault Unsupported(string param) =>
        new(StatusCodes.Status400BadRequest, $"'{param}' is not supported by this engine: leave it out.", param, "unsupported_parameter");
}
